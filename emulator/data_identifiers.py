"""The managed data identifiers of CloudWatch Logs.

Amazon CloudWatch Logs user guide, "Types of data that you can protect"; aws/aws-cdk #27388.
"""

from __future__ import annotations

_IN_EVERY_COUNTRY = """
    Address AwsSecretKey CreditCardExpiration CreditCardNumber CreditCardSecurityCode EmailAddress IpAddress
    LatLong Name OpenSshPrivateKey PgpPrivateKey PkcsPrivateKey PuttyPrivateKey VehicleIdentificationNumber
"""
_BY_COUNTRY = {
    "BankAccountNumber": "DE ES FR GB IT US",
    "CepCode": "BR",
    "Cnpj": "BR",
    "CpfCode": "BR",
    "DriversLicense": "AT AU BE BG CA CY CZ DE DK EE ES FI FR GB GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI "
    "SK US",
    "DrugEnforcementAgencyNumber": "US",
    "ElectoralRollNumber": "GB",
    "HealthInsuranceCardNumber": "EU",
    "HealthInsuranceClaimNumber": "US",
    "HealthInsuranceNumber": "FR",
    "HealthcareProcedureCode": "US",
    "IndividualTaxIdentificationNumber": "US",
    "InseeCode": "FR",
    "MedicareBeneficiaryNumber": "US",
    "NationalDrugCode": "US",
    "NationalIdentificationNumber": "DE ES IT",
    "NationalInsuranceNumber": "GB",
    "NationalProviderId": "US",
    "NhsNumber": "GB",
    "NieNumber": "ES",
    "NifNumber": "ES",
    "PassportNumber": "CA DE ES FR GB IT US",
    "PermanentResidenceNumber": "CA",
    "PersonalHealthNumber": "CA",
    "PhoneNumber": "BR DE ES FR GB IT US",
    "PostalCode": "CA",
    "RgNumber": "BR",
    "SocialInsuranceNumber": "CA",
    "Ssn": "ES US",
    "TaxId": "DE ES FR GB",
    "ZipCode": "US",
}
IDENTIFIERS = (
    *_IN_EVERY_COUNTRY.split(),
    *(f"{name}-{country}" for name, each in _BY_COUNTRY.items() for country in each.split()),
)
"""AWS's identifiers that are known, as AWS CDK (aws-logs, DataIdentifier) and the guide have them."""
