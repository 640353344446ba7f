"""The only place that knows every concrete class: builds adapters, store and engine from a checked configuration."""
