/** Network boot: which client gets which file, by architecture (RFC 4578, IANA "Processor Architecture Types") and by HTTP or TFTP. Pure. */
import type { ClientClass, OptionData } from './model.ts';

/** Files by what asks for them; a URL for those that boot over HTTP. */
export interface BootSettings {
  /** Address of the TFTP server. */
  readonly nextServer?: string;
  readonly bios?: string;
  readonly uefiIa32?: string;
  readonly uefiX64?: string;
  readonly uefiArm64?: string;
  readonly httpX64?: string;
  readonly httpArm64?: string;
  /** For iPXE itself, once it runs: a script's URL or name. */
  readonly ipxe?: string;
}

type FileKey = Exclude<keyof BootSettings, 'nextServer' | 'ipxe'>;

interface Architecture {
  readonly name: string;
  /** Values of option 93 (client-system). RFC 4578's text and IANA's table differ on 7 and 9: both are x64. */
  readonly values: readonly number[];
  readonly http: boolean;
}

const ARCHITECTURES: Readonly<Record<FileKey, Architecture>> = {
  bios: { name: 'pxe-bios', values: [0], http: false },
  uefiIa32: { name: 'pxe-uefi-ia32', values: [6], http: false },
  uefiX64: { name: 'pxe-uefi-x64', values: [7, 9], http: false },
  uefiArm64: { name: 'pxe-uefi-arm64', values: [11], http: false },
  httpX64: { name: 'http-uefi-x64', values: [16], http: true },
  httpArm64: { name: 'http-uefi-arm64', values: [19], http: true },
};

/** iPXE says so in the user class (option 77). */
const IS_IPXE = "option[77].hex == 'iPXE'";
/** UEFI firmware that boots over HTTP says so in the vendor class, and wants the same word back (UEFI 2.10 §24.7). */
const IS_HTTP = "substring(option[60].hex,0,10) == 'HTTPClient'";
const SAY_HTTP: OptionData = { name: 'vendor-class-identifier', data: 'HTTPClient', alwaysSend: true };

export function bootClasses(boot: BootSettings): readonly ClientClass[] {
  const server = boot.nextServer === undefined ? {} : { nextServer: boot.nextServer };
  const firmware = (Object.keys(ARCHITECTURES) as FileKey[]).flatMap((key): ClientClass[] => {
    const file = boot[key];
    if (file === undefined) return [];
    const { name, values, http } = ARCHITECTURES[key];
    const isArchitecture = values.map((value) => `option[93].hex == 0x${value.toString(16).padStart(4, '0')}`);
    const tests = [
      isArchitecture.length === 1 ? `${isArchitecture[0]}` : `(${isArchitecture.join(' or ')})`,
      ...(http ? [IS_HTTP] : []),
      // Else iPXE would be given itself, for ever.
      ...(boot.ipxe === undefined ? [] : [`not (${IS_IPXE})`]),
    ];
    return [
      {
        name,
        test: tests.join(' and '),
        bootFileName: file,
        ...(http ? {} : server),
        options: http ? [SAY_HTTP] : [],
        onlyAdditional: false,
      },
    ];
  });
  if (boot.ipxe === undefined) return firmware;
  const ipxe = { name: 'ipxe', test: IS_IPXE, bootFileName: boot.ipxe, ...server, options: [], onlyAdditional: false };
  return [ipxe, ...firmware];
}
