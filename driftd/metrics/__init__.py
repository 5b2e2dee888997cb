"""Numbers about driftd for monitoring: their names, their text, the endpoint and the file where they are found."""
