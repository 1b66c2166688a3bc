"""The features that ship with HyperHost, each a plugin that someone else can replace.

They are found the way a stranger's plugin is found (entry points of the group
``hyperhost.plugins``) and import nothing of the kernel but its public part: ``hyperhost``,
``hyperhost.contracts``, ``hyperhost.hookspecs`` and ``hyperhost.errors``.
"""
