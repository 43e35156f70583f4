"""Every tool the planner can call, one file a business area, and the gated call that runs them."""
