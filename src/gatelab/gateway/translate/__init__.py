"""Pure rules of the Gateway API, one file per rule: snapshot in, model and statuses out."""
