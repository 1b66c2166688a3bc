"""What every provider of the service ``signing`` needs besides its mathematics.

A provider brings :class:`~hyperhost.host.keys.algorithm.KeyAlgorithm` objects;
:class:`~hyperhost.host.keys.provider.SigningProvider` answers the ``signing_*`` hooks with them:
records of public keys, private halves encrypted in the plugin's own directory, expiry, rotation,
revocation, and whom to trust.
"""
