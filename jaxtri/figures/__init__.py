"""What you see: panels, figures and the comparison with earlier limits."""
