"""Chat: questions about what happened, and wishes that become cards for a person to confirm."""
