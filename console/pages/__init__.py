"""One file a page; each composes the components and talks to the service only."""
