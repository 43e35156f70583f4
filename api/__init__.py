"""The HTTP API: thin routes over `agent.runs`, one file a subject."""
