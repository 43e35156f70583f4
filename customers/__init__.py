"""Who a customer is: identity, profile, consent, suppression, memory's text, and forgetting."""
