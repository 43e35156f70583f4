"""Worlds: seeded makers of people, catalogues and events. All they make is labelled generated."""
