"""Run by the Python of .venv-checkov: what Cloudsplaining says of policies, as JSON.

Takes policy documents by name from standard input, and answers the findings by the same names.
"""

from __future__ import annotations

import json
import sys

from cloudsplaining.scan.policy_document import PolicyDocument  # type: ignore[import-not-found]


def main() -> None:
    """Judge every document."""
    found = {}
    for name, document in json.load(sys.stdin).items():
        policy = PolicyDocument(document)
        found[name] = {
            "PrivilegeEscalation": [
                action for path in policy.allows_privilege_escalation for action in path["actions"]
            ],
            "ResourceExposure": policy.permissions_management_without_constraints,
            "CredentialsExposure": policy.credentials_exposure,
            "DataExfiltration": policy.allows_data_exfiltration_actions,
            "ServiceWildcard": policy.service_wildcard,
            "InfrastructureModification": policy.infrastructure_modification,
        }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
