"""What ``hyperhost demo`` shows: one hook, answered by a native plugin and by sandboxed components.

:mod:`hyperhost.demo.specs` declares the hook as any host program would. ``guests/`` holds the
components; ``sdk/demo_guests/`` holds their sources and the script that rebuilds them byte for byte.
"""
