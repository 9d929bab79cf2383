"""The explanation study: people compare what two runs recommend and explain, without knowing which is which."""
