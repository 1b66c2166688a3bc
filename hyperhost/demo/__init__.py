"""What ``hyperhost demo`` shows: one hook, answered by a native plugin and by sandboxed components.

:mod:`hyperhost.demo.specs` declares the hook as any host program would, and
:mod:`hyperhost.demo.native` answers it in Python. ``guests/`` holds the components, ``manifests/`` what
the plugins that are installed say of themselves; ``sdk/demo_guests/`` holds the components' sources and
the script that rebuilds them byte for byte. :mod:`hyperhost.demo.run` is where to begin reading.
"""
