"""What channels report of their letters: one file a provider, each verified before it is read."""
