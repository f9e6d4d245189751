"""Policy permits: rules, their one evaluator, and its explanations. Knows no machine."""
