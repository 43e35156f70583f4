"""The operator's pages: what was decided and why, what waits for people, and the brake. Offline, one theme."""
