"""A registry is a TUF repository, and what fetches from one is a TUF client."""
