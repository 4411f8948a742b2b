"""Models on devices: IoT Greengrass V2 components, and the thing groups that run them."""
