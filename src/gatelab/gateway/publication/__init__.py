"""What each proxy is given: its Gateway's model and endpoints, without what it refuses.

In: translations, and how far each proxy has come. Out: models and endpoints for whoever serves xDS, and the refusals
that routes are told of. It knows no Envoy protobuf, and writes no status.
"""
