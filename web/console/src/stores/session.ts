import { computed } from 'vue'
import { defineStore } from 'pinia'
import { DEFAULT_ZONE } from '@shared/time/format'
import { useSession } from '@shared/session/session'

/** The signed-in person, his company, and what he may do. */
export const useStaff = defineStore('staff', () => {
  const shared = useSession()
  const person = computed(() => shared.person.value)
  const company = computed(() => shared.person.value?.company ?? null)
  const permissions = computed(() => new Set(person.value?.permissions ?? []))

  /** Only the gateway decides; this merely spares a person buttons that would be refused. */
  function may(permission: string): boolean {
    return permissions.value.has(permission)
  }

  return { person, company, permissions, may, zone: computed(() => company.value?.time_zone ?? DEFAULT_ZONE) }
})
