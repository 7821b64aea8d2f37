"""Lists of domains and names. Pure: data shipped with the package, read once when first needed."""
