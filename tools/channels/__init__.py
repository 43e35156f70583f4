"""Channels: how a claimed contact leaves the house. One protocol, one file a channel."""
