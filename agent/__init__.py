"""The loop: triage, perceive, plan, act, learn; and `runs`, the one service in front of it."""
