"""The sandbox: runs WebAssembly components that may touch only what they were granted.

Nothing here knows about the registry. ``types`` and ``wit`` turn Python signatures into WIT;
``codec`` moves values across; ``engine``, ``cache``, ``linker`` and ``runtime`` compile and run;
``gate`` checks every host function; ``interfaces`` and ``wasi`` are those host functions.
"""
