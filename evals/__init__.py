"""Everything that measures: worlds to act in, scenarios, benchmarks, and the data they use."""
