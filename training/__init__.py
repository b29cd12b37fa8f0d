"""How the identity model is made: people who do not exist, what goes wrong in their records, and counting."""
