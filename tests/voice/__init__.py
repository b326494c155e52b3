"""What a person hears, and when."""
