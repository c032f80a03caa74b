"""Where themes come from: matched from round to round under ids that stay."""
