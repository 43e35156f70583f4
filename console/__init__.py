"""The operator's pages: what was decided and why, what waits for people, the brake. Offline."""
