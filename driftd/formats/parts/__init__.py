"""What readers of any syntax are made of: lines, words, values, expressions, and the document that they build."""
