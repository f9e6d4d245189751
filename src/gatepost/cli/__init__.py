"""What a person types: parse, ask the SDK, render. One file per noun, no logic, quick to import."""
