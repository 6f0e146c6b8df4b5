import { computed } from 'vue'
import { useQuery } from '@tanstack/vue-query'
import type { Page } from '@shared/api/envelope'
import { request } from '@shared/api/request'
import { useStaff } from '@console/stores/session'

interface Choice {
  id: string
  name: string
}

/** Organisations and accounts to choose from, as far as this person may see them. */
export function useChoices() {
  const staff = useStaff()
  const organisations = useQuery({
    queryKey: ['auth', 'organisations'],
    queryFn: () => request<Page<Choice & { is_active: boolean }>>('/auth/organisations'),
    enabled: computed(() => staff.may('auth.organisations.read')),
  })
  const accounts = useQuery({
    queryKey: ['wechat', 'accounts'],
    queryFn: () => request<Page<Choice>>('/wechat/accounts'),
    enabled: computed(() => staff.may('wechat.accounts.read')),
  })
  const own = computed(() => {
    const roles = staff.person?.roles ?? []
    return [...new Map(roles.map((role) => [role.organisation_id, role.organisation_name]))].map(
      ([id, name]) => ({ id, name }),
    )
  })
  return {
    organisations: computed<Choice[]>(
      () => organisations.data.value?.items.filter((organisation) => organisation.is_active) ?? own.value,
    ),
    accounts: computed<Choice[]>(() => accounts.data.value?.items ?? []),
  }
}
