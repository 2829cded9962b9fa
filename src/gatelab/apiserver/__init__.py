"""The HTTP face of the store: discovery, OpenAPI, verbs, patches, watch, Tables, logs; authentication."""
