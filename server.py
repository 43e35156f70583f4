"""The composition root of the server."""
