"""The soak: a real server killed, stopped and failed at, then judged by one who was not there."""
