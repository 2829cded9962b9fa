"""The Gateway API controller: snapshot -> translate -> model, statuses, and the objects of a data plane."""
