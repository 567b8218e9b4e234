"""What is known of a nodule: measures, density, location, growth, guidelines; no network."""
