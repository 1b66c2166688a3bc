"""Search: the operations over whichever plugin answers the service ``search``."""
