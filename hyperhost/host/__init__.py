"""The plugin host: registers, orders, calls and supervises plugins of both kinds."""
