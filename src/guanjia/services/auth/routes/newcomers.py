"""What must be ready before somebody is added: his password hashed, his phone number sealed."""

from collections.abc import Sequence

from guanjia.contracts.auth import RoleGrant
from guanjia.kit.database import new_id
from guanjia.kit.errors import Invalid
from guanjia.kit.phones import mask_phone, plain_phone
from guanjia.kit.service import Context
from guanjia.services.auth.actions.passwords import Passwords
from guanjia.services.auth.actions.staff import NewStaff
from guanjia.services.auth.rules.passwords import login_fault, new_password, password_fault


async def prepare_staff(
    context: Context,
    *,
    login: str,
    name: str,
    organisation_id: str,
    grants: Sequence[RoleGrant],
    password: str | None,
    phone: str | None = None,
) -> tuple[NewStaff, str | None]:
    """The newcomer, and the password made for him, or None when one was given. Invalid names what is wrong."""
    fields: dict[str, str] = {}
    if fault := login_fault(login):
        fields["login"] = fault
    chosen = new_password() if password is None else password
    if fault := password_fault(chosen, login):
        fields["password"] = fault
    plain = plain_phone(phone) if phone else None
    if phone and plain is None:
        fields["phone"] = "phone_malformed"
    if fields:
        raise Invalid(fields=fields)
    newcomer = NewStaff(
        id=new_id(),
        login=login,
        name=name,
        organisation_id=organisation_id,
        grants=grants,
        password_hash=await context.part(Passwords).hash(chosen),
        must_change_password=password is None,
        phone=context.secrets.encrypt(plain) if plain else None,
        phone_masked=mask_phone(plain) if plain else "",
    )
    return newcomer, chosen if password is None else None
