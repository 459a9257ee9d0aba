"""What is assumed: Standard Model inputs, charges of X, the treatment of disputed formulas."""
