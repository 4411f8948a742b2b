"""AWS Lambda: the container that SageMaker would serve, billed by the request."""
