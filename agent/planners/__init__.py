"""Planners: `offline` decides by a procedure one can read, `rules` runs a campaign's steps."""
