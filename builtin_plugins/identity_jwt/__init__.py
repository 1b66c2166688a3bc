"""JSON Web Tokens of issuers that the configuration names."""
