/** Parts of the configuration that stand in many places of it: options, boot fields, classes. Pure. */
import type { BootFields, ClientClass, Json, JsonObject, OptionData } from './model.ts';
import type { Dialect } from './version.ts';

export function optionsJson(options: readonly OptionData[]): readonly JsonObject[] {
  return options.map((option) => ({
    ...(option.name === undefined ? {} : { name: option.name }),
    ...(option.code === undefined ? {} : { code: option.code }),
    ...(option.space === undefined ? {} : { space: option.space }),
    ...(option.csvFormat === undefined ? {} : { 'csv-format': option.csvFormat }),
    ...(option.alwaysSend === undefined ? {} : { 'always-send': option.alwaysSend }),
    ...(option.data === undefined ? {} : { data: option.data }),
  }));
}

export function bootFieldsJson({ nextServer, bootFileName }: BootFields): JsonObject {
  return {
    ...(nextServer === undefined ? {} : { 'next-server': nextServer }),
    ...(bootFileName === undefined ? {} : { 'boot-file-name': bootFileName }),
  };
}

export function classesJson(classes: readonly ClientClass[], { classLists }: Dialect): readonly JsonObject[] {
  return classes.map((one) => {
    const additional: Record<string, Json> = {};
    if (one.onlyAdditional) additional[classLists ? 'only-in-additional-list' : 'only-if-required'] = true;
    return {
      name: one.name,
      ...(one.test === undefined ? {} : { test: one.test }),
      ...additional,
      ...bootFieldsJson(one),
      ...(one.options.length === 0 ? {} : { 'option-data': optionsJson(one.options) }),
    };
  });
}
