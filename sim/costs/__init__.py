"""What runs cost: models as data."""
