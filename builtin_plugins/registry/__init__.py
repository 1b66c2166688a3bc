"""The registry: artifacts, namespaces and versions, as operations over the service ``storage``."""
