"""What can be proved of a pack over every fact there could be. Deciding imports none of this."""
