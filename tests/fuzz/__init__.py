"""Property tests of readers and parsers: whatever the input, a result or a documented exception with a sentence."""
