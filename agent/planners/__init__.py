"""Planners: `llm` asks a model, `offline` goes by a procedure, `rules` runs a campaign's steps."""
