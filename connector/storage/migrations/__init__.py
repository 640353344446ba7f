"""How a store of any age becomes today's: one revision a change of `tables`, each frozen once released."""
