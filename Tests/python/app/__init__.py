"""The application whose functions the tests schedule."""
